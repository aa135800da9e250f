# Nothing happens after return.
fn f(a) {
  return 2 * a
  b = 3
}
mu ~ Normal(0, 10)
y ~ Normal(f(mu), 1)
