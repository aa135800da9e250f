# Loops run over ranges that the data determine.
n ~ Poisson(5)
for i in 1:n {
  y[i] ~ Normal(0, 1)
}
