/* SPDX-License-Identifier: MIT */
/* Frames as RFC 6455 section 5.2 draws them. */
#include "aggregator/api/websocket.h"

#include <string.h>

#include "platform/base/sha1.h"

#define KEY_LENGTH 24U /* base64 of 16 bytes */

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool websocket_is_handshake(const struct http_request *r)
{
    struct span key = http_header(r, "Sec-WebSocket-Key");
    if (r->method != HTTP_GET || r->content_length > 0 || r->is_chunked ||
        !http_lists(r, "Upgrade", "websocket") ||
        !http_lists(r, "Connection", "upgrade") ||
        !span_equal(http_header(r, "Sec-WebSocket-Version"), "13") || key.length != KEY_LENGTH)
        return false;
    for (uint32_t i = 0; i < KEY_LENGTH - 2; i++)
        if (memchr(base64_digits, key.at[i], 64) == NULL)
            return false;
    return key.at[KEY_LENGTH - 2] == '=' && key.at[KEY_LENGTH - 1] == '=';
}

void websocket_accept(struct span key, char accept[static WEBSOCKET_ACCEPT_SIZE])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455 section 1.3 */
    char text[KEY_LENGTH + sizeof(guid) - 1];
    ASSERT(key.length == KEY_LENGTH);
    memcpy(text, key.at, KEY_LENGTH);
    memcpy(text + KEY_LENGTH, guid, sizeof(guid) - 1);
    uint8_t hash[SHA1_SIZE];
    sha1(text, sizeof(text), hash);
    struct text out;
    text_init(&out, accept, WEBSOCKET_ACCEPT_SIZE);
    text_put_base64(&out, hash, sizeof(hash));
}

static bool is_control(enum websocket_opcode opcode)
{
    return opcode >= WEBSOCKET_CLOSE;
}

/* Length of the header with its mask, and of the payload; ERR_AGAIN, or ERR_FULL for 64-bit lengths,
 * which are over every limit here. */
static int read_lengths(const uint8_t *bytes, uint32_t size, uint32_t *header, uint32_t *payload)
{
    uint32_t length = bytes[1] & 0x7fU;
    if (length == 127)
        return ERR_FULL;
    *header = length == 126 ? 8 : 6;
    if (size < *header)
        return ERR_AGAIN;
    *payload = length == 126 ? (uint32_t)bytes[2] << 8 | bytes[3] : length;
    /* The shortest form is required. */
    return length == 126 && *payload < 126 ? ERR_MALFORMED : ERR_OK;
}

int websocket_read(char *bytes, uint32_t size, uint32_t data_max, struct websocket_frame *out)
{
    const uint8_t *head = (const uint8_t *)bytes;
    if (size < 2)
        return ERR_AGAIN;
    uint8_t opcode = head[0] & 0x0f;
    bool is_known = opcode <= WEBSOCKET_BINARY || (opcode >= WEBSOCKET_CLOSE && opcode <= WEBSOCKET_PONG);
    bool is_masked = (head[1] & 0x80) != 0;
    bool has_extension_bits = (head[0] & 0x70) != 0;
    if (!is_known || !is_masked || has_extension_bits)
        return ERR_MALFORMED;
    out->is_final = (head[0] & 0x80) != 0;
    out->opcode = (enum websocket_opcode)opcode;
    if (is_control(out->opcode) && (!out->is_final || (head[1] & 0x7f) > WEBSOCKET_CONTROL_MAX))
        return ERR_MALFORMED;

    uint32_t header, payload;
    int err = read_lengths(head, size, &header, &payload);
    if (err < 0)
        return err;
    if (!is_control(out->opcode) && payload > data_max)
        return ERR_FULL;
    if (size - header < payload)
        return ERR_AGAIN;
    out->payload = bytes + header;
    out->size = payload;
    for (uint32_t i = 0; i < payload; i++)
        out->payload[i] = (char)(out->payload[i] ^ bytes[header - 4 + i % 4]);
    return (int)(header + payload);
}

uint32_t websocket_header(enum websocket_opcode opcode, bool is_final, uint32_t payload_size,
                          uint8_t to[static WEBSOCKET_HEADER_MAX])
{
    ASSERT(payload_size <= UINT16_MAX);
    to[0] = (uint8_t)((is_final ? 0x80U : 0) | (uint32_t)opcode);
    if (payload_size < 126) {
        to[1] = (uint8_t)payload_size;
        return 2;
    }
    to[1] = 126;
    to[2] = (uint8_t)(payload_size >> 8);
    to[3] = (uint8_t)payload_size;
    return 4;
}

/* RFC 3629: shortest forms only, no surrogates, nothing above U+10FFFF. */
bool websocket_is_text(const char *s, uint32_t size)
{
    for (uint32_t i = 0; i < size;) {
        uint8_t c = (uint8_t)s[i];
        uint32_t n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
        if (n == 0 || n > size - i)
            return false;
        for (uint32_t k = 1; k < n; k++)
            if (((uint8_t)s[i + k] & 0xc0) != 0x80)
                return false;
        uint8_t next = n > 2 ? (uint8_t)s[i + 1] : 0x80;
        bool is_overlong = (c == 0xe0 && next < 0xa0) || (c == 0xf0 && next < 0x90);
        bool is_surrogate = c == 0xed && next >= 0xa0;
        if (is_overlong || is_surrogate || (c == 0xf4 && next >= 0x90))
            return false;
        i += n;
    }
    return true;
}

/* Section 7.4: those defined for the wire, and the ranges for libraries and programs. */
static bool is_close_code(uint32_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

enum websocket_close websocket_close_code(const struct websocket_frame *f)
{
    if (f->size == 0)
        return CLOSE_NORMAL;
    if (f->size == 1)
        return CLOSE_PROTOCOL_ERROR;
    uint32_t code = (uint32_t)(uint8_t)f->payload[0] << 8 | (uint8_t)f->payload[1];
    if (!is_close_code(code))
        return CLOSE_PROTOCOL_ERROR;
    return websocket_is_text(f->payload + 2, f->size - 2) ? (enum websocket_close)code : CLOSE_BAD_DATA;
}
