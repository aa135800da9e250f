# Functions compute; they do not draw.
fn f(a) {
  b ~ Normal(0, 1)
  return a + b
}
y ~ Normal(f(1), 1)
