# A function that is given itself would never return.
fn f(g, x) = g(g, x)
a ~ Normal(0, 1)
b = f(f, a)
y ~ Normal(b, 1)
