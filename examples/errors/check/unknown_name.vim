# A name that nothing defines and the data do not have.
sigma ~ HalfNormal(1)
y ~ Normal(beta * heigth, sigma)
beta2 = 1
