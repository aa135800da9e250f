# Functions do not call themselves.
fn factorial(n) = n * factorial(n - 1)
y ~ Poisson(factorial(3))
