# The whole column counts once per iteration: `y[i]` was meant.
a     ~ Normal(0, 10)
sigma ~ HalfNormal(10)
for i in 1:len(y) {
  y ~ Normal(a + x[i], sigma)
}
