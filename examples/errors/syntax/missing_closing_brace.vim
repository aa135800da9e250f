# The body of a loop is never closed.
for i in 1:3 {
  y[i] ~ Normal(0, 1)
