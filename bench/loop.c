/* The least a relay in user space can cost: one recvfrom and one sendto per packet, on one socket, and no questions.
 *
 * usage: loop DESCRIPTOR < routes
 * One route each: "from to", two ports on 127.0.0.1; a packet from the one goes to the other. Ends when it is killed.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static struct sockaddr_in routes[65536];

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    int fd = atoi(argv[1]), from, to;
    while (scanf("%d %d", &from, &to) == 2) {
        routes[from].sin_family = AF_INET;
        routes[from].sin_port = htons(to);
        routes[from].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    unsigned char packet[2048];
    for (;;) {
        struct sockaddr_in source;
        socklen_t size = sizeof source;
        ssize_t got = recvfrom(fd, packet, sizeof packet, 0, (struct sockaddr *)&source, &size);
        struct sockaddr_in *route = &routes[ntohs(source.sin_port)];
        if (got > 0 && route->sin_family) sendto(fd, packet, got, 0, (struct sockaddr *)route, sizeof *route);
    }
}
