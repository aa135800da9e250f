# Linear regression. Shows: latents with priors, an observed column, quantities computed from latents.

## score of a student of average habits
typical ~ Normal(50, 50)
## points for an hour of study
b_hours ~ Normal(0, 10)
## points for an hour of sleep
b_sleep ~ Normal(0, 10)
sigma   ~ HalfNormal(20)
score   ~ Normal(typical + b_hours * center(hours) + b_sleep * center(sleep), sigma)

## share of the scores' variance that the model explains
r_squared = 1 - sigma^2 / var(score)
