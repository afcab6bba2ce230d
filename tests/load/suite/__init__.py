"""Load on flowbrokerd by ghz, each case with a gate on how its calls end."""
