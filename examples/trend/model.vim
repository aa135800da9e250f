# Visits a day, with a level that drifts and a weekend. Shows: a random walk as one vector.

level ~ Normal(5, 2)
## how far the level moves from day to day
drift ~ HalfNormal(0.5)
walk  ~ RandomWalk(drift, rows)
## of Saturdays and Sundays
weekend_effect ~ Normal(0, 1)
visits         ~ Poisson(log = level + walk + weekend_effect * weekend)
