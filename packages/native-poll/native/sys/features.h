// What this system has beyond POSIX, in one place. Nothing else in the tree asks which system it is on.
//
// -DPOLLUX_POSIX_ONLY=1 switches all of it off: such a build passes the same tests, on poll and select.
#pragma once

#if defined(__linux__) && !defined(POLLUX_POSIX_ONLY)
#define POLLUX_HAVE_EPOLL 1
#define POLLUX_HAVE_ACCEPT4 1          // accept4(2): the flags arrive with the fd
#define POLLUX_HAVE_SOCK_FLAGS 1       // SOCK_NONBLOCK and SOCK_CLOEXEC in socket(2)
#define POLLUX_HAVE_ABSTRACT_UNIX 1    // unix(7): names that start with a NUL byte
#define POLLUX_INHERITS_NODELAY 1      // tcp(7): an accepted socket has its listener's TCP_NODELAY
#define POLLUX_HAVE_CMSG_CLOEXEC 1     // recvmsg(2): descriptors arrive close-on-exec
#define POLLUX_HAVE_MMSG 1             // sendmmsg(2) and recvmmsg(2)
#define POLLUX_HAVE_MREQN 1            // ip(7): struct ip_mreqn, which names an interface by its index
#define POLLUX_HAVE_UCRED 1            // unix(7): struct ucred, of SO_PEERCRED
#define POLLUX_HAVE_KERNEL_LAYOUTS 1   // <linux/tcp.h> and <linux/sock_diag.h>: TCP_INFO, SO_MEMINFO
#define POLLUX_HAVE_GETHOSTBYNAME_R 1  // gethostbyname_r(3), in the form of glibc and musl
#define POLLUX_HAVE_UDP_OFFLOAD 1      // udp(7): UDP_SEGMENT and UDP_GRO
#define POLLUX_HAVE_SPLICE 1           // splice(2), and sendfile(2) as Linux has it
// syscall(2) straight to the kernel. In a process with threads, as Node.js is, glibc's recv and send are
// cancellation points and pay for it twice a message. A sanitizer has to see the calls, and 32-bit x86 has
// other numbers.
#if defined(__i386__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define POLLUX_HAVE_DIRECT_CALLS 0
#elif !defined(__clang__)
#define POLLUX_HAVE_DIRECT_CALLS 1
#elif !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
#define POLLUX_HAVE_DIRECT_CALLS 1
#else
#define POLLUX_HAVE_DIRECT_CALLS 0
#endif
#else
#define POLLUX_HAVE_EPOLL 0
#define POLLUX_HAVE_ACCEPT4 0
#define POLLUX_HAVE_SOCK_FLAGS 0
#define POLLUX_HAVE_ABSTRACT_UNIX 0
#define POLLUX_HAVE_GETHOSTBYNAME_R 0
#define POLLUX_HAVE_UDP_OFFLOAD 0
#define POLLUX_HAVE_SPLICE 0
#define POLLUX_INHERITS_NODELAY 0
#define POLLUX_HAVE_CMSG_CLOEXEC 0
#define POLLUX_HAVE_MMSG 0
#define POLLUX_HAVE_MREQN 0
#define POLLUX_HAVE_UCRED 0
#define POLLUX_HAVE_KERNEL_LAYOUTS 0
#define POLLUX_HAVE_DIRECT_CALLS 0
#endif
