import { expect, it } from 'vitest'
import { parseSummary } from '../src/syscalls.js'

it('calls are read from what strace prints', () => {
  const text = `strace: Process 42 attached with 2 threads
strace: Process 42 detached
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 51.23    0.123450           1     12345        12 recvfrom
 48.77    0.111110           1     12333           sendto
  0.00    0.000000           0         1           epoll_pwait2
------ ----------- ----------- --------- --------- ----------------
100.00    0.234560           1     24679        12 total
`
  expect(parseSummary(text)).toEqual({ recvfrom: 12_345, sendto: 12_333, epoll_pwait2: 1 })
})
