# The loop begins at 1, where h is defined already.
a ~ Normal(0, 1)
h[1] = a
for t in 1:3 {
  h[t] = a * t
}
y ~ Normal(h, 1)
