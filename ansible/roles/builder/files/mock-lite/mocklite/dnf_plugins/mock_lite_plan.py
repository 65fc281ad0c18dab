"""A plug-in of dnf: writes what dnf decided to install into the file that MOCK_LITE_PLAN names, for dnf itself only
downloads it."""

import json
import os

import dnf


class Plan(dnf.Plugin):
    name = "mock_lite_plan"

    def resolved(self):
        packages = [package.localPkg() for package in self.base.transaction.install_set]
        with open(os.environ["MOCK_LITE_PLAN"], "w", encoding="utf-8") as file:
            json.dump({"packages": packages, "tsflags": list(self.base.conf.tsflags)}, file)
