"""All of AutoML on Ray. Each room is a link to the folder of that name beside this one."""
