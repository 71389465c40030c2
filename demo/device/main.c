/* A device that learns from a stream. Each record is a letter and its data (numbers of several
 * bytes begin with the lowest):
 *
 *     L count rate step[4] {label picture}...   learn; rate is signed
 *     P count[2] {label picture}...             classify with the learner's weights
 *     F count[2] {label picture}...             classify with the weights in flash
 *     W                                         tell the sums of the steps since the last W, and
 *                                               the checksum of the weights
 *
 * It answers P, F and W with a line, and the end of the stream with its use of the stack. */
#include "port.h"
#include "wage_device.h"

static wage_learner learner;
static wage_runner runner;
static uint8_t picture[WAGE_PICTURE];
static wage_result sum;

/* ---- lines ---- */

static char line[128];
static uint32_t length;

static void put(const char *text)
{
    while (*text)
        line[length++] = *text++;
}

static void put_decimal(uint32_t n)
{
    char digits[10];
    int32_t count = 0;
    do
        digits[count++] = (char)('0' + n % 10);
    while (n /= 10);
    while (count > 0)
        line[length++] = digits[--count];
}

static void put_hex(uint32_t n)
{
    for (int32_t shift = 28; shift >= 0; shift -= 4)
        line[length++] = "0123456789abcdef"[n >> shift & 15];
}

static void send_line(void)
{
    put("\n");
    line[length] = 0;
    port_send(line);
    length = 0;
}

/* CRC-32 (IEEE 802.3). */
static uint32_t checksum(uint32_t crc, const void *data, uint32_t size)
{
    const uint8_t *bytes = data;
    crc = ~crc;
    while (size-- > 0) {
        crc ^= *bytes++;
        for (int32_t bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (UINT32_C(0xEDB88320) & (0 - (crc & 1)));
    }
    return ~crc;
}

/* ---- records ---- */

static int receive_picture(uint8_t *label)
{
    return port_receive(label, 1) == 1 && *label < WAGE_CLASSES &&
           port_receive(picture, sizeof picture) == sizeof picture;
}

static int learn(void)
{
    uint8_t head[6], label;
    if (port_receive(head, sizeof head) != sizeof head || head[0] < 1 || head[0] > WAGE_BATCH)
        return 0;
    for (int32_t i = 0; i < head[0]; i++) {
        if (!receive_picture(&label))
            return 0;
        wage_put(&learner, i, picture, label);
    }
    wage_result result = wage_step(&learner, head[0], (int8_t)head[1],
                                   head[2] | (uint32_t)head[3] << 8 | (uint32_t)head[4] << 16 |
                                       (uint32_t)head[5] << 24);
    sum.loss += result.loss;
    sum.correct += result.correct;
    return 1;
}

static int classify(int from_flash)
{
    uint8_t head[2], label;
    int8_t outputs[WAGE_CLASSES];
    uint32_t correct = 0, crc = 0;
    if (port_receive(head, sizeof head) != sizeof head)
        return 0;
    uint32_t count = (uint32_t)(head[0] | head[1] << 8);
    for (uint32_t i = 0; i < count; i++) {
        if (!receive_picture(&label))
            return 0;
        if (from_flash)
            wage_run(&runner, picture, outputs);
        else
            wage_predict(&learner, picture, outputs);
        correct += wage_class(outputs) == label;
        crc = checksum(crc, outputs, sizeof outputs);
    }
    put(from_flash ? "flash: " : "learner: ");
    put_decimal(correct);
    put(" of ");
    put_decimal(count);
    put(" right, outputs ");
    put_hex(crc);
    send_line();
    return 1;
}

static int tell_weights(void)
{
    put("loss ");
    put_hex((uint32_t)((uint64_t)sum.loss >> 32));
    put_hex((uint32_t)sum.loss);
    put(", ");
    put_decimal((uint32_t)sum.correct);
    put(" right, weights ");
    put_hex(checksum(0, learner.weights, sizeof learner.weights));
    send_line();
    sum = (wage_result){ 0, 0 };
    return 1;
}

static int obey(uint8_t letter)
{
    switch (letter) {
    case 'L':
        return learn();
    case 'P':
        return classify(0);
    case 'F':
        return classify(1);
    case 'W':
        return tell_weights();
    default:
        return 0;
    }
}

int main(void)
{
    uint8_t letter;
    port_open();
    wage_start(&learner, WAGE_SEED);
    while (port_receive(&letter, 1) == 1) {
        if (!obey(letter)) {
            port_send("not a record\n");
            return 1;
        }
    }
    put("stack ");
    put_decimal(port_stack());
    send_line();
    return 0;
}
