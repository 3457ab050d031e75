/* The one form of Host values that http1-scan takes: a subset of what agent/model/hostname.ts parseAuthority reads. */
#ifndef WEIR_HTTP1_HOST_H
#define WEIR_HTTP1_HOST_H

#include <stdbool.h>
#include <stdint.h>

/* A DNS name without a dot at its end, dotted IPv4, or IPv6 in brackets; then nothing, or a colon and a port. */
bool http1_host_is_plain(const uint8_t *bytes, uint32_t length);

#endif
