# Ratings from 1 to 5 of films by their genre. Shows: an ordered outcome, with cutpoints between its categories.

## where one rating ends and the next begins, on a hidden scale
cuts[4] ~ ordered(Normal(0, 3))
## how much better a genre is liked, on that scale
liking[genre] ~ zero_sum(Normal(0, 1))
## for an hour more of film
b_length ~ Normal(0, 1)
rating   ~ OrderedLogistic(liking[genre] + b_length * (hours - 2), cuts)
