/* SPDX-License-Identifier: MIT */
#include <greet.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    char greeting[256];

    greet(greeting, sizeof greeting, argc > 1 ? argv[1] : "wood");
    return puts(greeting) == EOF;
}
