# A range has two ends.
for t in 1:2:9 {
  y[t] ~ Normal(0, 1)
}
