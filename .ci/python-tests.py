"""Runs the unittest tests below one folder and writes what came out: python-tests.py FOLDER RESULT.json

RESULT is {"passed": n, "failed": ["name", …], "skipped": [{"name": …, "reason": …}]}. Exit 0 when nothing failed, 1
otherwise."""
import json
import sys
import unittest

folder, result_file = sys.argv[1:]
suite = unittest.TestLoader().discover(folder, pattern='test_*.py')
result = unittest.TextTestRunner(verbosity=2).run(suite)
# A class or module that failed to set up counts as one failure and its tests as not run.
failed = [str(test) for test, _ in result.failures + result.errors] + [str(t) for t in result.unexpectedSuccesses]
skipped = [{'name': str(test), 'reason': reason} for test, reason in result.skipped]
passed = max(0, result.testsRun - len(failed) - len(skipped))
with open(result_file, 'w', encoding='utf-8') as file:
    json.dump({'passed': passed, 'failed': failed, 'skipped': skipped}, file)
sys.exit(1 if failed else 0)
