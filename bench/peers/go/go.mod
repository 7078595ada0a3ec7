module pollux-bench-peer

go 1.19
