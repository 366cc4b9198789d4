/* The steady part of the packet path, compiled: what `many.Batch` and `Port._sort` do for packets that have a way on.
 *
 * Decides nothing that leg.py and port.py do not say first: `steady`, `taken` and `flush` here are `Leg.steady`,
 * `Leg.taken` and `Port._send` there, line by line, and the constants are theirs, handed over. Whatever is not steady
 * (a check, a path that is new or stale, the last moments before a deadline, a leg near its ceiling, TCP, the other
 * address family) is left to Python, in its place in the order of packets.
 *
 * State.Path and State.Leg are the base classes of leg.py's: the same attributes as in state.py, in a struct.
 * Refuses to know: STUN, SDP, how a path came to be. Linux only; CPython's limited API, so one build fits all from 3.11.
 */
#define _GNU_SOURCE
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030b0000
#include <Python.h>
#include <structmember.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#define SLOTS 64
#define STRIDE 2048
#define MOST_BYTES 65000 /* that the kernel takes as one */

static PyTypeObject *PathType, *LegType;

/* --- what is kept of a path and of a leg: see state.py --- */

typedef struct {
    PyObject_HEAD
    PyObject *leg, *raw;
    long line;
    double checked, heard;
} Path;

typedef struct {
    PyObject_HEAD
    PyObject *peer, *current, *wanted;
    double deadline, bytes_until, packets_until, per_byte, per_packet, room, last_packet, media_again;
    long long packets_in, bytes_in;
} Leg;

static int path_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((Path *)self)->leg);
    return 0;
}

static int path_clear(PyObject *self) {
    Py_CLEAR(((Path *)self)->leg);
    Py_CLEAR(((Path *)self)->raw);
    return 0;
}

static int leg_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((Leg *)self)->peer);
    Py_VISIT(((Leg *)self)->current);
    Py_VISIT(((Leg *)self)->wanted);
    return 0;
}

static int leg_clear(PyObject *self) {
    Py_CLEAR(((Leg *)self)->peer);
    Py_CLEAR(((Leg *)self)->current);
    Py_CLEAR(((Leg *)self)->wanted);
    return 0;
}

static void dealloc(PyObject *self, inquiry clear) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    clear(self);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static void path_dealloc(PyObject *self) { dealloc(self, path_clear); }
static void leg_dealloc(PyObject *self) { dealloc(self, leg_clear); }

static PyMemberDef path_members[] = {
    {"leg", T_OBJECT_EX, offsetof(Path, leg), 0, NULL},
    {"raw", T_OBJECT_EX, offsetof(Path, raw), 0, NULL},
    {"line", T_LONG, offsetof(Path, line), 0, NULL},
    {"checked", T_DOUBLE, offsetof(Path, checked), 0, NULL},
    {"heard", T_DOUBLE, offsetof(Path, heard), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyMemberDef leg_members[] = {
    {"peer", T_OBJECT_EX, offsetof(Leg, peer), 0, NULL},
    {"current", T_OBJECT_EX, offsetof(Leg, current), 0, NULL},
    {"wanted", T_OBJECT_EX, offsetof(Leg, wanted), 0, NULL},
    {"deadline", T_DOUBLE, offsetof(Leg, deadline), 0, NULL},
    {"bytes_until", T_DOUBLE, offsetof(Leg, bytes_until), 0, NULL},
    {"packets_until", T_DOUBLE, offsetof(Leg, packets_until), 0, NULL},
    {"per_byte", T_DOUBLE, offsetof(Leg, per_byte), 0, NULL},
    {"per_packet", T_DOUBLE, offsetof(Leg, per_packet), 0, NULL},
    {"room", T_DOUBLE, offsetof(Leg, room), 0, NULL},
    {"last_packet", T_DOUBLE, offsetof(Leg, last_packet), 0, NULL},
    {"media_again", T_DOUBLE, offsetof(Leg, media_again), 0, NULL},
    {"packets_in", T_LONGLONG, offsetof(Leg, packets_in), 0, NULL},
    {"bytes_in", T_LONGLONG, offsetof(Leg, bytes_in), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot path_slots[] = {
    {Py_tp_doc, "What the packet path keeps of a path: see state.py."},
    {Py_tp_members, path_members},
    {Py_tp_traverse, path_traverse},
    {Py_tp_clear, path_clear},
    {Py_tp_dealloc, path_dealloc},
    {0, NULL},
};

static PyType_Slot leg_slots[] = {
    {Py_tp_doc, "What the packet path keeps of a leg: see state.py."},
    {Py_tp_members, leg_members},
    {Py_tp_traverse, leg_traverse},
    {Py_tp_clear, leg_clear},
    {Py_tp_dealloc, leg_dealloc},
    {0, NULL},
};

#define OPEN_TO_SUBCLASSES (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC)
static PyType_Spec path_spec = {"signaling.relay._steady.Path", sizeof(Path), 0, OPEN_TO_SUBCLASSES, path_slots};
static PyType_Spec leg_spec = {"signaling.relay._steady.Leg", sizeof(Leg), 0, OPEN_TO_SUBCLASSES, leg_slots};

/* --- a batch --- */

typedef struct { /* consecutive packets of a batch by one path; holds both */
    Path *path, *outlet;
    int begin, end, media;
    long long size;
} Run;

typedef struct { /* of one run, what goes to the kernel as one */
    int begin, end;
    Run *run;
} Message;

typedef struct {
    PyObject_HEAD
    /* the rules, from Python */
    unsigned char forwarded[256];
    Py_ssize_t least, most;
    double fresh, haste;
    /* the socket */
    int fd, segments; /* whether the kernel can cut up; until it says that it cannot */
    socklen_t name_size;
    Py_ssize_t raw_size; /* of an address, as a key */
    /* what came, where it lies */
    int count;
    struct mmsghdr in[SLOTS];
    struct iovec takes[SLOTS];
    struct sockaddr_in6 from[SLOTS];
    unsigned char data[SLOTS][STRIDE];
    /* what goes out */
    int runs, messages;
    Run run[SLOTS];
    Message message[SLOTS];
    struct mmsghdr out[SLOTS];
    struct iovec gives[SLOTS];
    struct sockaddr_in6 to[SLOTS];
    union {
        char space[CMSG_SPACE(sizeof(uint16_t))];
        struct cmsghdr align;
    } control[SLOTS];
} Batch;

/* Batch(descriptor, family, (forwarded, least, most, fresh, haste)) */
static int batch_init(PyObject *object, PyObject *args, PyObject *named) {
    Batch *self = (Batch *)object;
    const char *forwarded;
    Py_ssize_t classes;
    int family;
    if (named != NULL && PyDict_Size(named) > 0) {
        PyErr_SetString(PyExc_TypeError, "Batch takes no names");
        return -1;
    }
    if (!PyArg_ParseTuple(args, "ii(y#nndd)", &self->fd, &family, &forwarded, &classes, &self->least, &self->most,
                          &self->fresh, &self->haste))
        return -1;
    if (classes != 256 || self->least < 2 || self->most < self->least || self->most >= STRIDE) {
        PyErr_SetString(PyExc_ValueError, "256 first bytes, and sizes that a slot holds");
        return -1;
    }
    if (family != AF_INET && family != AF_INET6) {
        PyErr_SetString(PyExc_ValueError, "an IPv4 or an IPv6 socket");
        return -1;
    }
    memcpy(self->forwarded, forwarded, 256);
    self->name_size = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    self->raw_size = family == AF_INET ? 8 : sizeof(struct sockaddr_in6); /* without sin_zero */
    self->segments = 1;
    self->count = 0;
    for (int slot = 0; slot < SLOTS; slot++) {
        self->takes[slot].iov_base = self->gives[slot].iov_base = self->data[slot];
        self->takes[slot].iov_len = (size_t)self->most + 1; /* one more, so that a longer one shows */
    }
    return 0;
}

static void forget_runs(Batch *self) {
    while (self->runs > 0) {
        Run *run = &self->run[--self->runs];
        Py_CLEAR(run->path);
        Py_CLEAR(run->outlet);
    }
}

static void batch_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    forget_runs((Batch *)self);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static int receive(Batch *self) {
    self->count = 0;
    for (int slot = 0; slot < SLOTS; slot++) {
        struct msghdr *header = &self->in[slot].msg_hdr;
        header->msg_name = &self->from[slot];
        header->msg_namelen = self->name_size;
        header->msg_iov = &self->takes[slot];
        header->msg_iovlen = 1;
    }
    int count = recvmmsg(self->fd, self->in, SLOTS, MSG_DONTWAIT, NULL);
    if (count < 0 && errno != EAGAIN) {
        PyErr_SetFromErrno(PyExc_OSError);
        return -1;
    }
    return self->count = count < 0 ? 0 : count;
}

/* receive() -> how many; OSError as of recvfrom, but 0 for nothing */
static PyObject *batch_receive(PyObject *object, PyObject *unused) {
    (void)unused;
    int count = receive((Batch *)object);
    return count < 0 ? NULL : PyLong_FromLong(count);
}

static int slot_of(Batch *self, PyObject *number) {
    long slot = PyLong_AsLong(number);
    if (slot == -1 && PyErr_Occurred()) return -1;
    if (slot >= 0 && slot < self->count) return (int)slot;
    PyErr_SetString(PyExc_IndexError, "no such slot");
    return -1;
}

/* packet(slot) -> bytes */
static PyObject *batch_packet(PyObject *object, PyObject *number) {
    Batch *self = (Batch *)object;
    int slot = slot_of(self, number);
    if (slot < 0) return NULL;
    return PyBytes_FromStringAndSize((char *)self->data[slot], self->in[slot].msg_len);
}

/* raw(slot) -> bytes: the address it came from, as `many.Name.raw` has it */
static PyObject *batch_raw(PyObject *object, PyObject *number) {
    Batch *self = (Batch *)object;
    int slot = slot_of(self, number);
    if (slot < 0) return NULL;
    return PyBytes_FromStringAndSize((char *)&self->from[slot], self->raw_size);
}

/* `Leg.steady`: the way out for what comes by `path` now, or NULL (and an exception, if the two are not what they are
 * said to be). */
static Path *steady(Batch *self, Path *path, double now) {
    if (path->leg == NULL || !PyObject_TypeCheck(path->leg, LegType)) goto wrong;
    Leg *leg = (Leg *)path->leg;
    if (leg->peer == NULL || !PyObject_TypeCheck(leg->peer, LegType)) goto wrong;
    PyObject *current = ((Leg *)leg->peer)->current;
    if (current == NULL || current == Py_None) return NULL;
    if (!PyObject_TypeCheck(current, PathType)) goto wrong;
    Path *outlet = (Path *)current;
    if ((PyObject *)path != leg->current || (PyObject *)path != leg->wanted || now >= leg->deadline - self->haste ||
        now - path->checked >= self->fresh || now - outlet->checked >= self->fresh ||
        leg->bytes_until - now > leg->room || leg->packets_until - now > leg->room)
        return NULL;
    return outlet;
wrong:
    PyErr_SetString(PyExc_TypeError, "a path, its leg and its peer");
    return NULL;
}

/* `Leg.taken` */
static void taken(Path *path, int packets, long long size, double now) {
    Leg *leg = (Leg *)path->leg;
    path->heard = leg->last_packet = now;
    leg->packets_in += packets;
    leg->bytes_in += size;
    double until = leg->bytes_until;
    leg->bytes_until = (until > now ? until : now) + (double)size * leg->per_byte;
    until = leg->packets_until;
    leg->packets_until = (until > now ? until : now) + packets * leg->per_packet;
}

/* `Batch._together`: up to which slot the packets from `begin` on may go as one. */
static int together(Batch *self, int begin, int end) {
    if (!self->segments) return begin + 1;
    unsigned first = self->in[begin].msg_len;
    if (end - begin > (int)(MOST_BYTES / first)) end = begin + (int)(MOST_BYTES / first);
    for (int slot = begin + 1; slot < end; slot++) {
        unsigned size = self->in[slot].msg_len;
        if (size != first) return slot + (size < first);
    }
    return end;
}

/* `Batch.queue`, for a run. Each run has at least one slot of its own, so there are never more messages than slots. */
static int queue(Batch *self, Run *run) {
    const char *raw;
    if (run->outlet->raw == NULL || !PyBytes_Check(run->outlet->raw) ||
        PyBytes_Size(run->outlet->raw) != self->raw_size) {
        PyErr_SetString(PyExc_TypeError, "an address of this socket's family");
        return -1;
    }
    raw = PyBytes_AsString(run->outlet->raw);
    for (int begin = run->begin; begin < run->end;) {
        int number = self->messages++, end = together(self, begin, run->end);
        struct msghdr *header = &self->out[number].msg_hdr;
        memset(&self->to[number], 0, sizeof self->to[number]);
        memcpy(&self->to[number], raw, (size_t)self->raw_size);
        memset(header, 0, sizeof *header);
        header->msg_name = &self->to[number];
        header->msg_namelen = self->name_size;
        header->msg_iov = &self->gives[begin];
        header->msg_iovlen = (size_t)(end - begin);
        for (int slot = begin; slot < end; slot++) self->gives[slot].iov_len = self->in[slot].msg_len;
        if (end - begin > 1) {
            header->msg_control = &self->control[number];
            header->msg_controllen = CMSG_LEN(sizeof(uint16_t));
            struct cmsghdr *control = CMSG_FIRSTHDR(header);
            control->cmsg_level = IPPROTO_UDP;
            control->cmsg_type = UDP_SEGMENT;
            control->cmsg_len = CMSG_LEN(sizeof(uint16_t));
            uint16_t size = (uint16_t)self->in[begin].msg_len;
            memcpy(CMSG_DATA(control), &size, sizeof size);
        }
        self->message[number] = (Message){begin, end, run};
        begin = end;
    }
    return 0;
}

/* What Python is to see to. */
typedef struct {
    int slot;           /* the first packet that is not steady, or how many there are */
    PyObject *carriers; /* legs whose media `Call.carried` is to hear of */
    PyObject *refused;  /* what was taken and not sent: each (path, outlet, first slot, end) */
    long unknown, malformed;
} Outcome;

/* As a tuple, with None for a list that was not needed; or nothing, after a failure. */
static PyObject *told(Outcome *outcome, int failed) {
    PyObject *result = NULL;
    if (!failed)
        result = Py_BuildValue("(iOOll)", outcome->slot, outcome->carriers ? outcome->carriers : Py_None,
                               outcome->refused ? outcome->refused : Py_None, outcome->unknown, outcome->malformed);
    Py_XDECREF(outcome->carriers);
    Py_XDECREF(outcome->refused);
    return result;
}

/* One more of a list that is made when it is needed; takes the reference. */
static int added(PyObject **list, PyObject *item) {
    int failed = item == NULL || (*list == NULL && (*list = PyList_New(0)) == NULL) || PyList_Append(*list, item) < 0;
    Py_XDECREF(item);
    return failed ? -1 : 0;
}

static double time_of(PyObject *clock) {
    PyObject *asked = PyObject_CallNoArgs(clock);
    double now = asked == NULL ? -1.0 : PyFloat_AsDouble(asked);
    Py_XDECREF(asked);
    return now;
}

/* `Port._send`: these packets have been looked at, at `now`; on with them. */
static int flush(Batch *self, double now, PyObject *clock, Outcome *outcome) {
    int done = 0;
    self->messages = 0;
    if (self->runs == 0) return 0;
    for (int number = 0; number < self->runs; number++) {
        Run *run = &self->run[number];
        Leg *leg = (Leg *)run->path->leg;
        taken(run->path, run->end - run->begin, run->size, now);
        if (queue(self, run) < 0) return -1;
        if (run->media && now >= leg->media_again) {
            Py_INCREF((PyObject *)leg);
            if (added(&outcome->carriers, (PyObject *)leg) < 0) return -1;
        }
    }
    double later = time_of(clock);
    if (later == -1.0 && PyErr_Occurred()) return -1;
    /* P3.1: a process that was held up since then looks at the deadline again, for each */
    int held_up = !(later - now < self->haste);
    while (done < self->messages) {
        Message *message = &self->message[done];
        if (!held_up) {
            int sent = sendmmsg(self->fd, self->out + done, (unsigned)(self->messages - done), MSG_DONTWAIT);
            if (sent > 0) {
                done += sent;
                continue;
            }
            if (message->end - message->begin > 1 && errno != EAGAIN && errno != ENOBUFS && errno != ENOMEM &&
                errno != EINTR)
                self->segments = 0;
        }
        if (added(&outcome->refused, Py_BuildValue("(OOii)", message->run->path, message->run->outlet, message->begin,
                                                   message->end)) < 0)
            return -1;
        done++;
    }
    return 0;
}

/* `Port._sort`, from `begin` to the first packet that is not steady, or else to the end. */
static int sort(Batch *self, PyObject *known, long line, int begin, double now, Outcome *outcome) {
    Path *found = NULL; /* by the address of the slot before; borrowed from `known`, which nobody changes meanwhile */
    Run *run = NULL;    /* the present one */
    int looked_up = -1; /* that slot */
    for (int slot = begin; slot < self->count; slot++) {
        const unsigned char *packet = self->data[slot];
        Py_ssize_t size = self->in[slot].msg_len;
        if (size < self->least || size > self->most || (packet[0] > 3 && !self->forwarded[packet[0]])) {
            outcome->malformed++;
            run = NULL;
            continue;
        }
        if (packet[0] <= 3) return slot; /* a check */
        if (looked_up < 0 || memcmp(&self->from[slot], &self->from[looked_up], (size_t)self->raw_size) != 0) {
            PyObject *raw = PyBytes_FromStringAndSize((char *)&self->from[slot], self->raw_size);
            if (raw == NULL) return -1;
            found = (Path *)PyDict_GetItemWithError(known, raw);
            Py_DECREF(raw);
            if (found == NULL && PyErr_Occurred()) return -1;
            if (found != NULL && !PyObject_TypeCheck((PyObject *)found, PathType)) {
                PyErr_SetString(PyExc_TypeError, "paths by their addresses");
                return -1;
            }
            looked_up = slot;
        }
        if (found == NULL) {
            outcome->unknown++;
            run = NULL;
            continue;
        }
        if (run == NULL || run->path != found) {
            Path *outlet = steady(self, found, now);
            if (outlet == NULL || outlet->line != line) return PyErr_Occurred() ? -1 : slot;
            run = &self->run[self->runs++];
            *run = (Run){found, outlet, slot, slot, 0, 0};
            Py_INCREF((PyObject *)found);
            Py_INCREF((PyObject *)outlet);
        }
        run->end = slot + 1;
        run->size += size;
        /* SRTP, but not SRTCP (RFC 5761 §4) */
        if (packet[0] >= 128 && ((packet[1] & 127) < 64 || (packet[1] & 127) > 95)) run->media = 1;
    }
    return self->count;
}

/* From `begin` on, as far as it is steady, and sent. */
static int forward(Batch *self, PyObject *known, long line, int begin, double now, PyObject *clock, Outcome *outcome) {
    outcome->slot = sort(self, known, line, begin, now, outcome);
    int failed = outcome->slot < 0 || flush(self, now, clock, outcome) < 0;
    forget_runs(self);
    return failed ? -1 : 0;
}

/* forward(known, line, begin, now, clock) -> Outcome */
static PyObject *batch_forward(PyObject *object, PyObject *args) {
    Batch *self = (Batch *)object;
    PyObject *known, *clock;
    Outcome outcome = {0};
    long line;
    int begin;
    double now;
    if (!PyArg_ParseTuple(args, "O!lidO", &PyDict_Type, &known, &line, &begin, &now, &clock)) return NULL;
    if (begin < 0 || begin > self->count) {
        PyErr_SetString(PyExc_IndexError, "no such slot");
        return NULL;
    }
    return told(&outcome, forward(self, known, line, begin, now, clock, &outcome));
}

/* linger(known, line, clock, epoll, gather, until) -> (packets, now, Outcome)
 *
 * What the worker's loop does as long as nothing but steady packets comes by this socket: let them gather for so many
 * seconds, read, send, again. Returns with whatever is for Python: a packet, another descriptor of that epoll, the time
 * `until`, or that nothing came. */
static PyObject *batch_linger(PyObject *object, PyObject *args) {
    Batch *self = (Batch *)object;
    PyObject *known, *clock;
    Outcome outcome = {0};
    struct epoll_event events[8];
    long line, packets = 0;
    int epoll, failed = 0;
    double gather, until, now = 0;
    if (!PyArg_ParseTuple(args, "O!lOidd", &PyDict_Type, &known, &line, &clock, &epoll, &gather, &until)) return NULL;
    struct timespec pause = {(time_t)gather, (long)((gather - (double)(time_t)gather) * 1e9)};
    do {
        if (self->count < SLOTS) { /* of what was received last; else there is more */
            Py_BEGIN_ALLOW_THREADS;
            nanosleep(&pause, NULL);
            Py_END_ALLOW_THREADS;
        }
        outcome.slot = self->count = 0;
        now = time_of(clock);
        failed = now == -1.0 && PyErr_Occurred();
        if (failed || now >= until) break; /* held up: what is due by then comes first, and the packets wait */
        int ready = epoll_wait(epoll, events, 8, 0);
        if (ready != 1 || events[0].data.fd != self->fd) break;
        failed = receive(self) < 0;
        if (failed) break;
        packets += self->count;
        failed = forward(self, known, line, 0, now, clock, &outcome) < 0;
    } while (!failed && outcome.slot == self->count && !outcome.carriers && !outcome.refused && now < until);
    PyObject *result = told(&outcome, failed);
    return result == NULL ? NULL : Py_BuildValue("(ldN)", packets, now, result);
}

static PyMethodDef batch_methods[] = {
    {"receive", batch_receive, METH_NOARGS, "Fill the slots with what is there; how many."},
    {"packet", batch_packet, METH_O, "What lies in this slot."},
    {"raw", batch_raw, METH_O, "The address that it came from."},
    {"forward", batch_forward, METH_VARARGS, "On with what is steady."},
    {"linger", batch_linger, METH_VARARGS, "Gather, receive, forward, again, while all is steady."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef batch_members[] = {
    {"count", T_INT, offsetof(Batch, count), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot batch_slots[] = {
    {Py_tp_doc, "What one UDP socket received last, and what of it is to be sent."},
    {Py_tp_init, batch_init},
    {Py_tp_methods, batch_methods},
    {Py_tp_members, batch_members},
    {Py_tp_dealloc, batch_dealloc},
    {0, NULL},
};

static PyType_Spec batch_spec = {"signaling.relay._steady.Batch", sizeof(Batch), 0, Py_TPFLAGS_DEFAULT, batch_slots};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_steady", "The steady part of the packet path.", -1, NULL, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__steady(void) {
    PyObject *made = PyModule_Create(&module), *batch = PyType_FromSpec(&batch_spec);
    PathType = (PyTypeObject *)PyType_FromSpec(&path_spec);
    LegType = (PyTypeObject *)PyType_FromSpec(&leg_spec);
    if (made == NULL || batch == NULL || PathType == NULL || LegType == NULL ||
        PyModule_AddObjectRef(made, "Batch", batch) < 0 ||
        PyModule_AddObjectRef(made, "Path", (PyObject *)PathType) < 0 ||
        PyModule_AddObjectRef(made, "Leg", (PyObject *)LegType) < 0 ||
        PyModule_AddIntConstant(made, "SLOTS", SLOTS) < 0) {
        Py_XDECREF(made);
        made = NULL;
    }
    Py_XDECREF(batch);
    return made;
}
