"""The driver `local`: builders on the machine that Coppice itself runs on."""
