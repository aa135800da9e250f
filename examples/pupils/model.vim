# Pupils in schools in districts. Shows: a second table, joined by the column that both have.

## mean score of a school of usual funding
base ~ Normal(50, 20)
## what a district adds
extra[district] ~ Normal(0, 5)
## what funding adds: `funding` and `district` have one value for each school
b_funding ~ Normal(0, 5)
## spread between the schools of a district
tau ~ HalfNormal(5)
## mean score of a school
level[school] ~ Normal(base + extra[district] + b_funding * funding, tau)
## for an hour of homework
b_hours ~ Normal(0, 5)
sigma   ~ HalfNormal(10)
score   ~ Normal(level[school] + b_hours * hours, sigma)
