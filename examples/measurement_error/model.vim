# A line through points whose x is measured with a known error. Shows: a latent for each row, behind two columns.

intercept ~ Normal(0, 5)
slope     ~ Normal(0, 5)
sigma     ~ HalfNormal(2)
## mean and spread of the true values
centre      ~ Normal(0, 5)
spread      ~ HalfNormal(5)
truth[rows] ~ Normal(centre, spread)
measured    ~ Normal(truth, error)
y           ~ Normal(intercept + slope * truth, sigma)
