"""The parts of make-sapling: what goes in (content), where it comes from (apt_archive), how it becomes RPMs
(repackage)."""
