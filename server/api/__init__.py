"""The HTTP doors: they parse, call the desk and show what it says. They never write and decide nothing."""
