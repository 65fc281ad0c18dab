# The first process of the campaign's namespace, whose duty it is to collect whatever ends: runs a command and ends as
# it does.
"$@"
exit $?
