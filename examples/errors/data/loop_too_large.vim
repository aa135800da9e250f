# A loop over more than a machine holds.
mu ~ Normal(0, 1)
for i in 1:N {
  a[i] = mu + i
}
y ~ Normal(a[1], 1)
