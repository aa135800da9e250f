# A function of the file, called with too few arguments.
fn line(x, a, b) = a + b * x
a ~ Normal(0, 1)
y ~ Normal(line(x, a), 1)
