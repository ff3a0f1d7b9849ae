"""What a run will cost, before it is paid: from a look at the archive to dollars with an interval.

    Survey (what a sample of the archive showed) ─▶ Workload (questions, tokens per task)
        ─▶ drawn under many Scenarios (what nobody knows yet) ─▶ Forecast

* `survey`    what was seen of the archive, and what the journal knows of it
* `resampling` for how many files each of the sample may stand
* `shares`    how many of the images a task with `when` will be asked of
* `replies`   how long answers are
* `scenarios`    everything uncertain, drawn at random or taken at its middle
* `rates`     what a service bills on a day; `texts`, `pictures`: what a task sends
* `workload`  tokens and dollars of one task in one scenario
* `forecast`  all tasks in many scenarios: the middle, the 80 % interval, whence the spread
* `alternatives` the same archive asked otherwise; `lever`: the change that saves most
* `duration`  how long requests take; `batch_jobs` the jobs of the batch tier, `request_bytes` their
              size
* `at_tiers`  the same at other service tiers; `tier_mix` the cheapest of them that ends in time
"""
