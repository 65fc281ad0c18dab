/* SPDX-License-Identifier: MIT */
#include "greet.h"

#include <stdio.h>
#include <string.h>

int main(void)
{
    char buffer[32];
    char small[6];

    if (greet(buffer, sizeof buffer, "wood") != 12 || strcmp(buffer, "Hello, wood!") != 0) {
        fprintf(stderr, "the greeting is \"%s\"\n", buffer);
        return 1;
    }
    if (greet(small, sizeof small, "wood") != 12 || strcmp(small, "Hello") != 0) {
        fprintf(stderr, "the cut greeting is \"%s\"\n", small);
        return 1;
    }
    return 0;
}
