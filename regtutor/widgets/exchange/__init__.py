"""One exchange, line by line: each line opens its explanation."""
