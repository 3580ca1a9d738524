"""One exchange, line by line; a click on a line opens its explanation."""
