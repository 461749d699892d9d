#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
# The table of precision.sh: over RUNS reports in DIR, how far each figure moves.
#
#	precision.pl RUNS DIR MISSING-TOOLS
#
# A figure repeats when its range over all runs is at most 1 % of its median or one
# cycle, whichever is more.
use strict;
use warnings;
use JSON::PP;

use constant { SHARE => 0.01, CYCLES => 1, ALL => 0.95, FAULTS => 0.90, INSN => 0.005 };

my ($runs, $dir, $missing) = @ARGV;
my (%values, @order, %others, @seconds, @states, %left_out, $head);

sub slurp
{
	my ($path) = @_;

	open(my $in, '<', $path) or return undef;
	local $/;
	return <$in>;
}

sub median
{
	my @v = sort { $a <=> $b } @_;

	return @v % 2 ? $v[$#v / 2] : ($v[@v / 2 - 1] + $v[@v / 2]) / 2;
}

sub span
{
	my @v = sort { $a <=> $b } @_;

	return $v[-1] - $v[0];
}

for my $i (1 .. $runs) {
	my $at = sprintf('%s/r%02d', $dir, $i);
	my $text = slurp("$at/report.json") // die "precision.pl: no $at/report.json\n";
	my $report = decode_json($text);

	die "precision.pl: $at: figures in $report->{calibration}{unit}, not in cycles\n"
		if $report->{calibration}{unit} ne 'cycles';
	$head //= $report;
	push @states, $report->{calibration}{state} // 'none';
	for my $f (@{$report->{figures}}) {
		next if !defined $f->{value};
		push @order, $f->{name} if !$values{$f->{name}};
		push @{$values{$f->{name}}}, $f->{value};
	}
	push @seconds, (slurp("$at/seconds") // '') =~ /([\d.]+)/;
	for (split /\n/, slurp("$at/others") // '') {
		my ($label, $unit, $number) = split /\t/;

		push @{$others{"$label, $unit"}}, $number;
	}
}

my (@rows, @insn, %within, %count, @partial);
for my $name (@order) {
	my @v = @{$values{$name}};
	my ($middle, $range) = (median(@v), span(@v));
	my $class = $name =~ m{^crossing/fault} ? 'faults' : 'all';
	my $bound = SHARE * abs($middle) > CYCLES ? SHARE * abs($middle) : CYCLES;
	my $ok = $range <= $bound;

	if (@v < $runs) {
		push @partial, $name;
		next;
	}
	$count{$class}++;
	$within{$class} += $ok;
	push @insn, $range / $middle if $name !~ m{^crossing/} && $middle > 0.1;
	push @rows, [$name, $middle, $range, $ok];
}

sub verdict { return $_[0] ? 'met' : 'missed'; }

my ($env, $plan) = ($head->{environment}, $head->{plan});
printf "# Precision: the range of each figure over %d separate runs\n\n", $runs;
printf "%s, kernel %s, %s. %d rounds of %d samples, tier %s%s.\n\n", $env->{cpu}, $env->{kernel},
	$env->{hypervisor} eq 'none' ? 'no hypervisor' : "in a virtual machine ($env->{hypervisor})",
	$plan->{rounds}, $plan->{samples}, $plan->{tier},
	@seconds ? sprintf(', %.1f to %.1f s a run', (sort { $a <=> $b } @seconds)[0, -1]) : '';
print "| what | wanted | here | |\n|---|---|---|---|\n";
for (['all', 'range within 1 % or 1 cycle, of all but page faults', ALL],
     ['faults', 'the same of page faults', FAULTS]) {
	my ($class, $what, $least) = @$_;

	next if !$count{$class};
	printf "| %s | %.0f %% | %d of %d, %.0f %% | %s |\n", $what, 100 * $least, $within{$class},
		$count{$class}, 100 * $within{$class} / $count{$class},
		verdict($within{$class} >= $least * $count{$class});
}
printf "| range of the median instruction experiment (insn, gs, fpu) | 0.5 %% | %.2f %% | %s |\n",
	100 * median(@insn), verdict(median(@insn) <= INSN) if @insn;
printf "| longest CORE run | 20 s | %.1f s | %s |\n", (sort { $a <=> $b } @seconds)[-1],
	verdict((sort { $a <=> $b } @seconds)[-1] < 20) if @seconds;
printf "\nCore state of each run (cycles of one FXRSTOR): %s.\n",
	join(' ', map { /^[\d.]+$/ ? sprintf('%.1f', $_) : $_ } @states);
print "\nNot in every run, so not counted: @partial.\n" if @partial;

print "\n## Other tools, in the same minutes\n\n";
if (%others) {
	print "| tool | runs | median | range |\n|---|---|---|---|\n";
	for my $tool (sort keys %others) {
		my @v = @{$others{$tool}};

		printf "| %s | %d | %.4g | %.1f %% |\n", $tool, scalar(@v), median(@v),
			100 * span(@v) / median(@v);
	}
}
print "\nNot here: $missing.\n" if length($missing // '');

print "\n## Every figure, the least steady first\n\n";
print "| figure | cycles (median) | range, cycles | range | |\n|---|---|---|---|---|\n";
for (sort { $b->[2] / (abs($b->[1]) || 1) <=> $a->[2] / (abs($a->[1]) || 1) ||
	    $a->[0] cmp $b->[0] } @rows) {
	my ($name, $middle, $range, $ok) = @$_;

	printf "| %s | %.5g | %.3g | %s | %s |\n", $name, $middle, $range,
		abs($middle) > 0.1 ? sprintf('%.2f %%', 100 * $range / abs($middle)) : '-',
		$ok ? '' : 'wide';
}
