# A function is not a number.
fn f(a) = 2 * a
y ~ Normal(f, 1)
