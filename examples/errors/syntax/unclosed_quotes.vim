# A backquoted name and a string, neither closed.
y ~ Normal(`Sepal Length, 1)
z ~ Normal(alpha["HENNEPIN], 1)
