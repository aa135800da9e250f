# A missing value has one distribution.
m ~ Normal(0, 1)
for k in 1:2 {
  y ~ Normal(m, k)
}
