# A bracket that is never closed: reported where it opens.
mu    ~ Normal(0, 10)
sigma ~ HalfNormal(5
y     ~ Normal(mu, sigma)
