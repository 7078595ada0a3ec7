/**
 * The constants of name services, with the values of netdb.h(0P). What only some systems have (AI_IDN, EAI_NODATA,
 * NI_NUMERICSCOPE, …) is in `constants`.
 */
import { native } from '../native.js'

/** Flags of getaddrinfo's hints. */
export const {
  AI_PASSIVE,
  AI_CANONNAME,
  AI_NUMERICHOST,
  AI_NUMERICSERV,
  AI_V4MAPPED,
  AI_ALL,
  AI_ADDRCONFIG,
}: Readonly<Record<string, number>> = native.constants

/** Flags of getnameinfo, and the bytes that a host's and a service's name can have, its NUL included. */
export const {
  NI_NOFQDN,
  NI_NUMERICHOST,
  NI_NAMEREQD,
  NI_NUMERICSERV,
  NI_DGRAM,
  NI_MAXHOST,
  NI_MAXSERV,
}: Readonly<Record<string, number>> = native.constants

/** Errors of getaddrinfo and getnameinfo: the `errno` of a SocketError whose `code` has that name. */
export const {
  EAI_AGAIN,
  EAI_BADFLAGS,
  EAI_FAIL,
  EAI_FAMILY,
  EAI_MEMORY,
  EAI_NONAME,
  EAI_SERVICE,
  EAI_SOCKTYPE,
  EAI_SYSTEM,
  EAI_OVERFLOW,
}: Readonly<Record<string, number>> = native.constants

/** Errors of gethostbyname and gethostbyaddr: the values of h_errno. */
export const { HOST_NOT_FOUND, TRY_AGAIN, NO_RECOVERY, NO_DATA }: Readonly<Record<string, number>> =
  native.constants
