# Every path through a function returns.
fn f(a) {
  if a > 0 {
    return a
  }
}
y ~ Normal(f(x), 1)
