# A condition depends on data alone.
mu ~ Normal(0, 1)
if mu > 0 {
  b = 1
} else {
  b = 2
}
y ~ Normal(b, 1)
