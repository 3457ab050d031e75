/* Network namespaces: a socket belongs to the namespace in which it was made, whoever uses it later. */
#ifndef WEIR_NETNS_H
#define WEIR_NETNS_H

/* A descriptor of the namespace at `path`, or a negated errno. -EINVAL if it is none. */
int netns_open(const char *path);

/*
 * socket(2) inside `target` (-1: where the thread is). `home` is the thread's own namespace. If the thread cannot come
 * back the process ends: whatever it did next would happen in a pod.
 */
int netns_socket(int target, int home, int family);

#endif
