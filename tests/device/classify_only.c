/* For exports without training: classifies the pictures on standard input, prints their classes. */
#include "port.h"
#include "wage_device.h"

static wage_runner runner;
static uint8_t picture[WAGE_PICTURE];

int main(void)
{
    int8_t outputs[WAGE_CLASSES];
    char line[3] = "0\n";
    while (port_receive(picture, sizeof picture) == sizeof picture) {
        wage_run(&runner, picture, outputs);
        line[0] = (char)('0' + wage_class(outputs));
        port_send(line);
    }
    return 0;
}
