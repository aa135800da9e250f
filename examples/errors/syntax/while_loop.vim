# The only loop is for.
i = 1
while (i < 10) {
  y[i] ~ Normal(0, 1)
}
