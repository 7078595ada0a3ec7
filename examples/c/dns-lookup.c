// Prints the addresses of a host, and the name that each of them has: dns-lookup NAME
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: dns-lookup NAME\n");
    return 2;
  }
  // One entry for each address; without a type there would be one for each type of socket as well.
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME};
  struct addrinfo* list;
  int error = getaddrinfo(argv[1], NULL, &hints, &list);
  if (error != 0) {
    fprintf(stderr, "getaddrinfo: %s\n", gai_strerror(error));
    return 1;
  }
  printf("%s\n", list->ai_canonname != NULL ? list->ai_canonname : argv[1]);
  for (struct addrinfo* each = list; each != NULL; each = each->ai_next) {
    char address[NI_MAXHOST], name[NI_MAXHOST];
    error = getnameinfo(each->ai_addr, each->ai_addrlen, address, sizeof address, NULL, 0, NI_NUMERICHOST);
    if (error == 0) {
      error = getnameinfo(each->ai_addr, each->ai_addrlen, name, sizeof name, NULL, 0, NI_NAMEREQD);
      printf("%s %s\n", address, error == 0 ? name : "-");
    }
  }
  freeaddrinfo(list);
  return 0;
}
