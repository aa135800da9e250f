# The recursion has no first value.
a ~ Normal(0, 1)
for t in 2:3 {
  h[t] = a * h[t - 1]
}
y ~ Normal(h[2:3], 1)
