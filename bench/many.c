/* bench/loop.c again, with up to 64 packets in one recvmmsg and one sendmmsg: what batching alone brings.
 *
 * usage: many DESCRIPTOR < routes
 * It waits for the first packet and takes what else is there; it gathers nothing. Ends when it is killed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define SLOTS 64

static struct sockaddr_in routes[65536], from[SLOTS];
static unsigned char packets[SLOTS][2048];
static struct iovec takes[SLOTS], gives[SLOTS];
static struct mmsghdr in[SLOTS], out[SLOTS];

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    int fd = atoi(argv[1]), source, to;
    while (scanf("%d %d", &source, &to) == 2) {
        routes[source].sin_family = AF_INET;
        routes[source].sin_port = htons(to);
        routes[source].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    for (int slot = 0; slot < SLOTS; slot++) takes[slot] = (struct iovec){packets[slot], sizeof packets[slot]};
    for (;;) {
        for (int slot = 0; slot < SLOTS; slot++)
            in[slot].msg_hdr = (struct msghdr){
                .msg_name = &from[slot], .msg_namelen = sizeof from[slot], .msg_iov = &takes[slot], .msg_iovlen = 1};
        int count = recvmmsg(fd, in, SLOTS, MSG_WAITFORONE, NULL), going = 0;
        for (int slot = 0; slot < count; slot++) {
            struct sockaddr_in *route = &routes[ntohs(from[slot].sin_port)];
            if (!route->sin_family) continue;
            gives[going] = (struct iovec){packets[slot], in[slot].msg_len};
            out[going].msg_hdr = (struct msghdr){
                .msg_name = route, .msg_namelen = sizeof *route, .msg_iov = &gives[going], .msg_iovlen = 1};
            going++;
        }
        for (int done = 0; done < going;) {
            int sent = sendmmsg(fd, out + done, going - done, 0);
            done += sent > 0 ? sent : 1;
        }
    }
}
