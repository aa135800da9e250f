# A test of 12 questions taken by 80 people: two-parameter logistic. Shows: latents for two columns at once.

ability[person]      ~ Normal(0, 1)
difficulty[question] ~ Normal(0, 2)
## how well a question tells the able from the others
discrimination[question] ~ LogNormal(0, 0.5)
right                    ~ Bernoulli(
  logit = discrimination[question] * (ability[person] - difficulty[question]),
)
