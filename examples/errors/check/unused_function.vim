# A function that nothing calls.
fn f(a) = 2 * a
mu ~ Normal(0, 10)
y ~ Normal(mu, 1)
