/* Plays many parties at once: sends SRTP-looking packets at a pace, and takes note of what arrives.
 *
 * usage: load RATE BURST SIZE START STOP MARK < lines
 *   RATE packets a second per line, BURST of them back to back, SIZE bytes each (without the line's head); START, STOP,
 *   MARK in nanoseconds of the wall clock. One line each: "descriptor address port head packets first", the head in hex
 *   or "-". The sockets are inherited. PACKETS is -1, or a descriptor of packets made beforehand, to be sent as they are;
 *   then lines 0 and 1 are each other's peers, 2 and 3, and so on, and a packet is known by its sequence number, which is
 *   FIRST in the first one that comes from the peer.
 * prints: one line per line: sent got after last, where "after" counts what arrived later than MARK, and "last" is when
 *   the last packet came, minus MARK, in nanoseconds. Arrival is the kernel's time stamp, so a slow reader does not count.
 *   Then one line: the median and the 99th percentile of how long a packet was on its way, in nanoseconds.
 * It knows nothing of who forwards. Each line keeps its own pace, at a random moment of the interval, as calls that have
 * nothing to do with each other would.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#define MOST_TIMES (1 << 22)
static int64_t *times; /* of each packet on its way */
static size_t times_taken;

struct line {
    int fd, head_size;
    struct sockaddr_in to;
    unsigned char head[16];
    int64_t next, last;
    uint64_t sent, got, after;
    const unsigned char *made; /* the packets made beforehand, how many, and when each was sent */
    uint64_t most;
    int64_t *sent_at;
    uint16_t first;
};

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void send_one(struct line *l, uint32_t ssrc, unsigned char *packet, int size) {
    uint16_t seq = htons((uint16_t)l->sent);
    uint32_t stamp = htonl((uint32_t)(l->sent * 450)), source = htonl(ssrc);
    if (l->made) {
        if (l->sent == l->most) return;
        l->sent_at[l->sent] = now();
        if (sendto(l->fd, l->made + l->sent * size, size, MSG_DONTWAIT, (struct sockaddr *)&l->to, sizeof l->to) > 0) l->sent++;
        return;
    }
    memcpy(packet, l->head, l->head_size);
    unsigned char *rtp = packet + l->head_size;
    rtp[0] = 0x80;
    rtp[1] = 96;
    memcpy(rtp + 2, &seq, 2);
    memcpy(rtp + 4, &stamp, 4);
    memcpy(rtp + 8, &source, 4);
    int64_t at = now();
    if (size >= 20) memcpy(rtp + 12, &at, 8);
    if (sendto(l->fd, packet, l->head_size + size, MSG_DONTWAIT, (struct sockaddr *)&l->to, sizeof l->to) > 0) l->sent++;
}

static void receive_all(struct line *l, const struct line *peer, int size, int64_t mark) {
    unsigned char packet[2048], control[128];
    for (int i = 0; i < 256; i++) {
        struct iovec part = {packet, sizeof packet};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        ssize_t got = recvmsg(l->fd, &message, MSG_DONTWAIT);
        if (got < 0) return;
        if (got != size + l->head_size || memcmp(packet, l->head, l->head_size) || packet[l->head_size] != 0x80) continue;
        int64_t when = now();
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
            if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
                struct timespec t;
                memcpy(&t, CMSG_DATA(c), sizeof t);
                when = t.tv_sec * 1000000000LL + t.tv_nsec;
            }
        int64_t at;
        memcpy(&at, packet + l->head_size + 12, 8);
        if (l->made) {
            uint16_t number;
            memcpy(&number, packet + 2, 2);
            number = ntohs(number) - l->first;
            if (number >= peer->sent) continue;
            at = peer->sent_at[number];
        }
        if (size >= 20 && times_taken < MOST_TIMES) times[times_taken++] = when - at;
        l->got++;
        if (when > mark) l->after++;
        if (when > l->last) l->last = when;
    }
}

static int earlier(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    if (argc != 7) return 2;
    int burst = atoi(argv[2]), size = atoi(argv[3]);
    int64_t interval = 1000000000LL * burst / atoi(argv[1]);
    int64_t start = atoll(argv[4]), stop = atoll(argv[5]), mark = atoll(argv[6]);
    int count = 0, on = 1;
    struct line *lines = calloc(4096, sizeof *lines);
    times = malloc(MOST_TIMES * sizeof *times);
    int epoll = epoll_create1(0);
    char address[64], head[64];
    int fd, port, made, first;
    while (count < 4096 && scanf("%d %63s %d %63s %d %d", &fd, address, &port, head, &made, &first) == 6) {
        struct line *l = &lines[count];
        l->fd = fd;
        l->to.sin_family = AF_INET;
        l->to.sin_port = htons(port);
        inet_pton(AF_INET, address, &l->to.sin_addr);
        for (char *h = head; h[0] != '-' && h[0] && h[1]; h += 2) {
            unsigned byte;
            sscanf(h, "%2x", &byte);
            l->head[l->head_size++] = byte;
        }
        struct stat file;
        if (made >= 0 && fstat(made, &file) == 0) {
            l->made = mmap(NULL, file.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, made, 0);
            l->most = file.st_size / size;
            l->sent_at = calloc(l->most, sizeof *l->sent_at);
            l->first = first;
        }
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = count};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
        count++;
    }
    for (int i = 0; i < count; i++) lines[i].next = start + (int64_t)(interval * (i + rand() / (RAND_MAX + 1.0)) / count);
    unsigned char packet[2048];
    for (int i = 0; i < (int)sizeof packet; i++) packet[i] = (unsigned char)rand();
    struct epoll_event events[256];
    int turn = 0; /* the lines are due in their order, for ever */
    for (int64_t t = now(); t < stop + 300000000LL; t = now()) {
        for (int due = 0; count && lines[turn].next <= t && t < stop && due < 64; due++) {
            for (int i = 0; i < burst; i++) send_one(&lines[turn], 0x10000 + turn, packet, size);
            lines[turn].next += interval;
            turn = (turn + 1) % count;
        }
        int64_t wait = t < stop && count ? lines[turn].next - now() : 5000000;
        struct timespec timeout = {0, wait < 0 ? 0 : wait > 1000000 ? 1000000 : wait};
        int ready = epoll_pwait2(epoll, events, 256, &timeout, NULL);
        if (ready < 0 && errno == ENOSYS) ready = epoll_wait(epoll, events, 256, timeout.tv_nsec > 500000);
        for (int i = 0; i < ready; i++) {
            uint32_t which = events[i].data.u32;
            receive_all(&lines[which], &lines[which ^ 1], size, mark);
        }
    }
    for (int i = 0; i < count; i++)
        printf("%llu %llu %llu %lld\n", (unsigned long long)lines[i].sent, (unsigned long long)lines[i].got,
               (unsigned long long)lines[i].after, lines[i].got ? (long long)(lines[i].last - mark) : 0LL);
    qsort(times, times_taken, sizeof *times, earlier);
    printf("%lld %lld\n", times_taken ? (long long)times[times_taken / 2] : 0LL,
           times_taken ? (long long)times[(size_t)(times_taken * 0.99)] : 0LL);
    return 0;
}
